"""Do layers of strangers run here with only their import lines changed, and agree with their own Keras?

    python -m benchmarks.strangers                  (runs the layers here, and compares)
    python -m benchmarks.strangers.oracle tf_keras  (runs those of Keras 2 where tf_keras and TensorFlow are installed)
    python -m benchmarks.strangers.oracle keras     (runs those of Keras 3)

`corpus.json` names classes of public packages and repositories, with arguments and inputs; none of their code is kept
here. Wheels are brought by pip, and repositories by git; what the packages themselves import, such as `regex`, is to be
installed. `expected.npz` has what their own Keras gave: outputs, norms of gradients, shapes of weights, and whether a
config and a functional model gave the same.
"""
