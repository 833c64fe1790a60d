"""Does `keras.backend` do what the K of Keras 1 and 2 does?"""
