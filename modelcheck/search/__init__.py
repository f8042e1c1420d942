"""Reachability over blocks of states: one theory, one loop. See `bfs.search`."""
