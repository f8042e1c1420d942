"""The language that every back end consumes: types, operators, nodes, their meaning and their layout."""
