"""What can be asked: each quantity beside its function; inputs, answers, tables. Imports all but studies and views."""
