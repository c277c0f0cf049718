"""One loader per file format: a file with `EXTENSIONS` and `load`; those with an underscore are shared by several."""
