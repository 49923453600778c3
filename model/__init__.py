"""The laws of the study: symbols, equations, constants fitted from measured rows, and what they predict."""
