"""What are Keras's operations, each as torch's own functions?

A function exists once, under Keras's name, with Keras's arguments and result dtypes.
"""
