"""What a domain is worth in training: jobs, errors, best layouts, gains, natural experiments, and a dollar's tokens."""
