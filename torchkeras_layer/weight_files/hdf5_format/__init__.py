"""How is what Keras stores in HDF5 files read, in Python alone?

The C library of HDF5 crashes and hangs on damaged files, and no Python program survives that. Files of models use a
small part of the format: groups, attributes, and arrays that are stored in one piece or in chunks, perhaps compressed.
Only that is read here, and everything else is refused. The names of the parts, and the chapters in comments, are those
of the "HDF5 File Format Specification", version 3.
"""
