"""What a chapter needs beyond predictions. Imports all but views."""
