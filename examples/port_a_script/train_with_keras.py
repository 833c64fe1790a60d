"""Train a network on small images of digits. `torchkeras-layer port` makes one script of the other."""

import keras
from keras import ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Gate(keras.layers.Layer):
    """Features times gates between 0 and 1, which are learned from the features."""

    def build(self, input_shape):
        glorot = keras.initializers.GlorotUniform(seed=1)
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], input_shape[-1]), initializer=glorot)

    def call(self, features):
        # One gate for each feature.
        gates = ops.sigmoid(ops.matmul(ops.tanh(features), self.kernel))
        return ops.multiply(features, gates)


def dense(units, seed, activation=None):
    """Return a layer whose first weights are the same in each run."""
    initializer = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=initializer)


images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(images, labels, test_size=0.25, random_state=0)

model = keras.Sequential(
    [
        keras.Input((64,)),
        dense(64, seed=2, activation="relu"),
        Gate(),
        dense(10, seed=3, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.2, momentum=0.9),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=5,
    shuffle=False,
    validation_split=0.2,
    callbacks=[keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)],
)
print("losses", history.history["loss"], history.history["val_loss"])

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test: loss {loss:.4f}, accuracy {accuracy:.4f}")
predictions = model.predict(x_test).argmax(axis=1)
print("first digits:", predictions[:10], "should be", y_test[:10])
