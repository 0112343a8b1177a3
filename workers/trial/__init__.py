"""An installation of our own beside the user's, on the same parts: for drills and benches."""
