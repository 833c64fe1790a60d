"""Does the port command rewrite code of Keras into code that does the same?"""
