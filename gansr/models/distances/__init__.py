"""Published distances of images in the features of frozen networks: losses minimise them, metrics report them."""
