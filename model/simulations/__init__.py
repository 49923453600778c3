"""Second derivations: seeded simulations that may not see the laws that they check. Imports nothing of ours."""
