"""Make the files of `port_keras_model.py`: a classifier of digits that Keras trained, and what Keras predicts with it.

Keras is needed here and only here (`pip install keras`); the files it wrote lie beside this program. Data: the 1,797
images of 8 x 8 pixels that come with scikit-learn, of which a quarter is held out.
"""

from __future__ import annotations

import os
import pathlib
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

os.environ.setdefault("KERAS_BACKEND", "torch")

FOLDER = pathlib.Path(__file__).parent / "keras_files"
EPOCHS = 20


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the images (n, 8, 8, 1), from 0 to 16, and the labels: for training, then those held out."""
    digits: Any = load_digits()
    images = digits.images[..., None].astype("float32")
    train, test = train_test_split(range(len(images)), test_size=0.25, random_state=0, stratify=digits.target)
    return images[train], digits.target[train], images[test], digits.target[test]


def make_model(keras: Any) -> Any:
    """Return a small convolutional network with a separable block and a skip connection."""
    layers = keras.layers
    images = keras.Input((8, 8, 1), name="images")
    x = layers.Rescaling(1 / 16)(images)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    skip = x
    x = layers.SeparableConv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(layers.Add()([x, skip]))
    x = layers.Conv2D(32, 3, padding="same", activation="gelu")(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return keras.Model(images, layers.Dense(10, activation="softmax", name="digit")(x), name="digits")


def main() -> None:
    """Train, and write the model and its predictions for the images that are held out."""
    import keras

    keras.utils.set_random_seed(0)
    images, labels, held_out, held_out_labels = load_data()
    model = make_model(keras)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, batch_size=64, epochs=EPOCHS, verbose=2)
    predictions = model.predict(held_out, verbose=0)
    print(f"accuracy on {len(held_out)} held-out digits: {(predictions.argmax(1) == held_out_labels).mean():.1%}")
    FOLDER.mkdir(exist_ok=True)
    model.save(FOLDER / "digits.keras")
    np.save(FOLDER / "held_out_images.npy", held_out.astype("uint8"))
    np.save(FOLDER / "predictions_of_keras.npy", predictions)


if __name__ == "__main__":
    main()
