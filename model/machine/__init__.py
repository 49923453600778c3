"""A law with the numbers of one machine: facts, fitted constants, columns, layouts. Imports notation, numbers, laws."""
