"""How large a domain should be: work, bill and survey over sizes."""
