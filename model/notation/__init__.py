"""How a law is written: units, the nomenclature, equations, and names as people spell them. Imports nothing of ours."""
