"""The page on a reader's own machine: what it holds, so that it answers as the command line does."""
