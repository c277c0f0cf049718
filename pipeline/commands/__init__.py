"""One module per command: `register` adds its parser, and the function it names does the work."""
