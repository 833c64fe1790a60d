"""Which expressions of Keras and TensorFlow does one of torch replace exactly?"""
