"""Images as pictures of the page: windows, maps, and the viewer."""
