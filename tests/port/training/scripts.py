"""Which scripts of Keras, trained here and there, must give the same numbers? `start(model)` sets fixed weights."""

_HEAD = """\
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x = rng.normal(size=(44, 4))
numbers = x @ rng.normal(size=(4, 1)) + 0.1 * rng.normal(size=(44, 1))
labels = (numbers[:, 0] > 0).astype("int64")
classes = np.digitize(numbers[:, 0], [-0.7, 0.7])
one_hot = np.eye(3)[classes]
"""

_NET = """\
model = keras.Sequential([keras.Input((4,)), layers.Dense(6, activation="tanh"), layers.Dense({end})])
start(model)
"""


def _script(end: str, rest: str) -> str:
    return _HEAD + _NET.format(end=end) + rest


SCRIPTS = {
    "sgd, mse, all of one batch more than the rest": _script(
        "1",
        """\
model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
history = model.fit(x, numbers, epochs=5, batch_size=16, shuffle=False, verbose=0)
result = history.history
score = model.evaluate(x, numbers, batch_size=16, verbose=0)
""",
    ),
    "adam, sparse categories, validation split, targets of one axis": _script(
        '3, activation="softmax"',
        """\
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x, classes, batch_size=8, epochs=5, verbose=0, validation_split=0.3, shuffle=False)
result = history.history
loss, acc = model.evaluate(x, classes, verbose=0)
score = [loss, acc]
probabilities = model.predict(x, verbose=0)
""",
    ),
    "momentum, one-hot categories, early stopping restores": _script(
        '3, activation="softmax"',
        """\
opt = keras.optimizers.SGD(learning_rate=0.8, momentum=0.9, nesterov=True)
model.compile(opt, loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["acc"])
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, min_delta=0.01, restore_best_weights=True)
history = model.fit(
    x[:30], one_hot[:30], batch_size=8, epochs=30, verbose=0, shuffle=False,
    validation_data=(x[30:], one_hot[30:]), callbacks=[stop],
)
result = history.history
score = model.evaluate(x, one_hot, verbose=0)
""",
    ),
    "binary, class weights, targets of one axis": _script(
        '1, activation="sigmoid"',
        """\
model.compile(optimizer=keras.optimizers.Nadam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, labels, epochs=5, batch_size=10, shuffle=False, verbose=0, class_weight={0: 1.0, 1: 3.0})
result = history.history
score = model.evaluate(x, labels, verbose=0)
""",
    ),
    "logits, sample weights, adagrad": _script(
        "1",
        """\
weights = np.linspace(0.1, 2.0, 44)
model.compile(
    optimizer=keras.optimizers.Adagrad(learning_rate=0.1),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    weighted_metrics=["mse"],
)
history = model.fit(x, labels, sample_weight=weights, epochs=5, batch_size=10, shuffle=False, verbose=0)
result = history.history
""",
    ),
    "learning rate falls on a plateau": _script(
        "1",
        """\
model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mae")
plateau = keras.callbacks.ReduceLROnPlateau(
    monitor="val_loss", factor=0.5, patience=2, min_delta=0.05, cooldown=2, min_lr=0.01
)
history = model.fit(x, numbers, epochs=14, batch_size=11, shuffle=False, verbose=0, validation_split=0.25,
                    callbacks=[plateau])
result = history.history
""",
    ),
    "exponential decay by step, clipped gradients": _script(
        "1",
        """\
schedule = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=7, decay_rate=0.8)
model.compile(optimizer=keras.optimizers.Adam(schedule, clipnorm=0.1), loss="huber")
history = model.fit(x, numbers, epochs=5, batch_size=8, shuffle=False, verbose=0)
result = history.history
""",
    ),
    "a function of the epoch sets the rate; weight decay": _script(
        "1",
        """\
def falling(epoch):
    return 0.1 / (1 + epoch)


model.compile(optimizer=keras.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=0.5), loss="log_cosh")
history = model.fit(x, numbers, epochs=5, shuffle=False, verbose=0,
                    callbacks=[keras.callbacks.LearningRateScheduler(falling)])
result = history.history
""",
    ),
    "regularized and constrained weights, batch normalization": _HEAD
    + """\
inputs = keras.Input((4,))
hidden = layers.Dense(6, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm")(inputs)
hidden = layers.BatchNormalization(momentum=0.5)(hidden)
outputs = layers.Dense(1, activity_regularizer="l1")(hidden)
model = keras.Model(inputs, outputs)
start(model)
model.compile(optimizer=keras.optimizers.SGD(0.02, momentum=0.5), loss="mean_squared_error", metrics=["mape"])
history = model.fit(x, numbers, epochs=5, batch_size=20, shuffle=False, verbose=0, validation_split=0.5)
result = history.history
predictions = model.predict(x, verbose=0)
""",
    "two inputs and two outputs": _HEAD
    + """\
first, second = keras.Input((2,)), keras.Input((2,))
joined = layers.Dense(5, activation="tanh")(layers.concatenate([first, second]))
number = layers.Dense(1, name="number")(joined)
label = layers.Dense(1, activation="sigmoid", name="label")(joined)
model = keras.Model([first, second], [number, label])
start(model)
model.compile(
    optimizer=keras.optimizers.Adamax(0.02),
    loss={"number": "mse", "label": "binary_crossentropy"},
    loss_weights={"number": 0.5, "label": 2.0},
)
history = model.fit([x[:, :2], x[:, 2:]], [numbers, labels], epochs=5, batch_size=12, shuffle=False, verbose=0)
result = {"loss": history.history["loss"]}
guesses, chances = model.predict([x[:, :2], x[:, 2:]], verbose=0)
""",
    "a loss and a metric of one's own": _script(
        "1",
        """\
def squares(y_true, y_pred):
    return (y_true - y_pred) ** 2


def close(y_true, y_pred):
    return abs(y_true - y_pred) < 0.5


model.compile(optimizer=keras.optimizers.Adadelta(1.0), loss=squares, metrics=[close])
history = model.fit(x, numbers, epochs=5, batch_size=16, shuffle=False, verbose=0)
result = history.history
""",
    ),
    "a generator": _script(
        "1",
        """\
def batches(size):
    while True:
        for first in range(0, 40, size):
            yield x[first : first + size], numbers[first : first + size]


model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
history = model.fit(batches(10), steps_per_epoch=3, epochs=5, verbose=0,
                    validation_data=batches(20), validation_steps=2)
result = history.history
""",
    ),
    "cosine decay, accuracy of several labels": _script(
        '3, activation="sigmoid"',
        """\
model.compile(
    optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.5, 12, alpha=0.1)),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x, one_hot, epochs=5, batch_size=16, shuffle=False, verbose=0)
result = history.history
""",
    ),
    "polynomial decay, training in two parts": _script(
        '3, activation="softmax"',
        """\
rate = keras.optimizers.schedules.PolynomialDecay(0.3, 10, end_learning_rate=0.05, power=2.0)
model.compile(optimizer=keras.optimizers.SGD(rate), loss="categorical_crossentropy", metrics=["accuracy", "mse"])
model.fit(x, one_hot, epochs=2, batch_size=16, shuffle=False, verbose=0)
history = model.fit(x, one_hot, initial_epoch=2, epochs=5, batch_size=16, shuffle=False, verbose=0)
result = history.history
""",
    ),
    "rmsprop with gradients that are not small": _script(
        "1",
        """\
model.compile(optimizer=keras.optimizers.RMSprop(0.01, rho=0.8), loss="mse")
history = model.fit(x, 30 * numbers, epochs=5, batch_size=16, shuffle=False, verbose=0)
result = history.history
""",
    ),
}
SCRIPTS |= {
    "a class that builds, trains and uses its model": _HEAD
    + """\
class Agent:
    def __init__(self, rate):
        self.rate = rate
        self.model = self._build(6)
        start(self.model)

    def _build(self, units, activation="tanh"):
        model = keras.Sequential()
        model.add(layers.Dense(units, input_shape=(4,), activation=activation))
        model.add(layers.Dense(1))
        model.compile(loss="mse", optimizer=keras.optimizers.Adam(learning_rate=self.rate))
        return model

    def learn(self):
        found = []
        for number in range(4):
            goals = self.model.predict(x[:20], verbose=0)
            goals[0] = np.amax(self.model.predict(x[20:30], verbose=0))
            self.model.fit(x[:20], goals * 0.9, epochs=1, verbose=0, shuffle=False)
            found.append(self.model.train_on_batch(x[:7], numbers[:7]))
            if self.model.evaluate(x, numbers, verbose=0) > 1e9:
                break
        return found


agent = Agent(0.01)
agent.learn()
predictions = agent.model.predict(x, verbose=0)
""",
    "a model without an input shape, from a function with arguments": _HEAD
    + """\
def build(units, rate=0.1):
    momentum = 0.5
    model = keras.Sequential([layers.Dense(units, activation="tanh"), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate, momentum=momentum), "mse")
    return model


model = build(5, rate=0.05)
model.build((None, 4))
start(model)
history = model.fit(x, numbers, batch_size=9, epochs=3, shuffle=False, verbose=0)
result = history.history
""",
    "a Sequence with weights, twice": _script(
        "1",
        """\
class Batches(keras.utils.PyDataset):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size, self.ends = size, 0

    def __len__(self):
        return 44 // self.size

    def __getitem__(self, index):
        part = slice(index * self.size, (index + 1) * self.size)
        return x[part], numbers[part], np.abs(x[part, 0])

    def on_epoch_end(self):
        self.ends += 1


model.compile(optimizer="sgd", loss="mae")
batches = Batches(11)
history = model.fit(batches, epochs=3, verbose=0, shuffle=False)
result = history.history
score = model.evaluate(Batches(4), verbose=0)
""",
    ),
    "a subclass, inputs by name, weights of classes": _HEAD
    + """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(4, activation="relu"), layers.Dense(3, activation="softmax")

    def call(self, inputs):
        return self.second(self.first(inputs))


model = Net()
model(np.ones((1, 4), "float32"))
start(model)
model.compile(optimizer="nadam", loss="categorical_crossentropy", weighted_metrics=["accuracy"])
history = model.fit(x, one_hot, epochs=4, batch_size=8, shuffle=False, verbose=0,
                    class_weight={0: 1.0, 1: 0.5, 2: 4.0}, validation_data=(x[:9], one_hot[:9]))
result = history.history
predictions = np.argmax(model.predict(x, verbose=0), axis=-1)
""",
    "inputs by name": _HEAD
    + """\
first, second = keras.Input((2,), name="first"), keras.Input((2,), name="second")
model = keras.Model([first, second], layers.Dense(1)(layers.concatenate([first, second])))
start(model)
model.compile("adagrad", "mse", metrics=["mae"])
history = model.fit({"first": x[:, :2], "second": x[:, 2:]}, numbers, epochs=3, shuffle=False, verbose=0)
result = history.history
score = model.evaluate({"first": x[:, :2], "second": x[:, 2:]}, numbers, verbose=0)
""",
    "folds, each with a model of its own": _HEAD
    + """\
score = []
for part in np.split(np.arange(44), 4):
    rest = np.setdiff1d(np.arange(44), part)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, activation="sigmoid")])
    start(model)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy", "AUC"])
    model.fit(x[rest], labels[rest], epochs=2, batch_size=10, verbose=0, shuffle=False)
    score.append(model.evaluate(x[part], labels[part], verbose=0)[1])
    score.append(model.evaluate(x[part], labels[part], verbose=0)[0])
""",
    "two models, of which one is part of the other": _HEAD
    + """\
encoder = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="code")])
decoder = keras.Sequential([keras.Input((2,)), layers.Dense(4)])
inputs = keras.Input((4,))
autoencoder = keras.Model(inputs, decoder(encoder(inputs)))
start(autoencoder)
autoencoder.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
encoder.compile(optimizer=keras.optimizers.SGD(0.01), loss="mae")
encoder.fit(x, x[:, :2], epochs=1, verbose=0, shuffle=False)
history = autoencoder.fit(x, x, epochs=3, verbose=0, shuffle=False, validation_data=(x[:5], x[:5]))
result = history.history
predictions = encoder.predict(x, verbose=0)
""",
    "the rate of the epoch before": _script(
        "1",
        """\
model.compile(optimizer=keras.optimizers.SGD(0.2), loss="mse")
slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 2 else rate * 0.5)
history = model.fit(x, numbers, epochs=5, shuffle=False, verbose=0, callbacks=[slower])
result = history.history
""",
    ),
}

_OPTIMIZERS = {
    "SGD(0.1, clipvalue=0.05)": 1e-4,
    "SGD(learning_rate=0.05, weight_decay=0.2)": 1e-4,
    "Adam(0.02, beta_1=0.7, amsgrad=True)": 1e-4,
    "Adam(0.02, weight_decay=0.1)": 1e-4,
    "Adamax(0.05, beta_2=0.9)": 1e-4,
    "Nadam(0.05)": 1e-4,
    "Adagrad(0.2, initial_accumulator_value=0.3)": 1e-4,
    "Adadelta(0.9, rho=0.8)": 1e-4,
    "SGD(keras.optimizers.schedules.PiecewiseConstantDecay([3, 7], [0.1, 0.05, 0.01]))": 1e-4,
    "SGD(keras.optimizers.schedules.InverseTimeDecay(0.2, 4, 0.5, staircase=True))": 1e-4,
    "SGD(keras.optimizers.schedules.InverseTimeDecay(0.2, 4, 0.5))": 1e-4,
    "SGD(keras.optimizers.schedules.ExponentialDecay(0.2, 4, 0.5, staircase=True))": 1e-4,
    "SGD(keras.optimizers.schedules.PolynomialDecay(0.2, 8, end_learning_rate=0))": 1e-4,
    "SGD(keras.optimizers.schedules.PolynomialDecay(0.2, 8))": 1e-4,
    "SGD(keras.optimizers.schedules.CosineDecay(0.2, 8))": 1e-4,
    "SGD(keras.optimizers.schedules.CosineDecayRestarts(0.2, 3, alpha=0.1))": 1e-4,
    # Keras adds epsilon inside the root.
    "RMSprop(0.01, momentum=0.5)": 1e-2,
    "RMSprop(0.01, centered=True)": 1e-2,
}
OPTIMIZERS = {
    optimizer: (
        _script(
            "1",
            f"""\
model.compile(optimizer=keras.optimizers.{optimizer}, loss="mse")
history = model.fit(x, numbers, epochs=5, batch_size=16, shuffle=False, verbose=0)
result = history.history
""",
        ),
        tolerance,
    )
    for optimizer, tolerance in _OPTIMIZERS.items()
}
