"""What is left, with which reason, and is it left whole?"""

from __future__ import annotations

import pytest

from tests.port.training.harness import port

_MODEL = "import keras\nmodel = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
_FIT = "model.fit(x, y, epochs=2)\n"

LEFT = {
    "model.compile('ftrl', 'mse')\n" + _FIT: "the optimizer ftrl: torch has no Ftrl",
    "model.compile(keras.optimizers.Lion(), 'mse')\n" + _FIT: "install lion-pytorch",
    "model.compile(keras.optimizers.Nadam(weight_decay=0.1), 'mse')\n" + _FIT: "weight_decay of Nadam is decoupled",
    "model.compile(keras.optimizers.SGD(use_ema=True), 'mse')\n" + _FIT: "the argument use_ema has no counterpart",
    "model.compile(make(), 'mse')\n" + _FIT: "the optimizer make is not one of Keras's",
    "model.compile(choice, 'mse')\n" + _FIT: "it is not clear which optimizer choice is",
    "model.compile('sgd', 'mean_squared_errors')\n" + _FIT: "the loss MeanSquaredErrors is not one of Keras 3",
    "model.compile('sgd', 'mse', metrics=['fmeasure'])\n"
    + _FIT: "the metric fmeasure of Keras 1 was a mean over batches",
    "model.compile('sgd', 'mse', **more)\n" + _FIT: "are not known before it runs",
    "model.compile('sgd', 'mse')\nmodel.fit(data, epochs=2)\n": "it is not clear what data is",
    "import tensorflow as tf\ndata = tf.data.Dataset.from_tensor_slices((x, y)).map(f).batch(8)\n"
    "model.compile('sgd', 'mse')\nmodel.fit(data)\n": "a Dataset whose __getitem__ does the rest",
    "data = keras.utils.image_dataset_from_directory('images')\n"
    "model.compile('sgd', 'mse')\nmodel.fit(data)\n": "write torchvision.datasets.ImageFolder",
    "model.compile('sgd', 'mse')\nmodel.fit(x, y, shuffle='batch')\n": "shuffle='batch' has no counterpart",
    "model.compile('sgd', 'mse')\nmodel.fit(x, y, callbacks=[Mine()])\n": "the callback Mine: call its on_epoch_end",
    "model.compile('sgd', 'mse')\nmodel.fit(x, y, callbacks=found)\n": "it is not clear which callbacks are in found",
    "model.compile('sgd', 'mse')\nmodel.fit(x, y, callbacks=[keras.callbacks.EarlyStopping('val_loss')])\n": (
        "it monitors 'val_loss', which this fit does not compute. It has: loss"
    ),
    "model.compile('sgd', 'mse')\nmodel.fit(x, y, callbacks=[keras.callbacks.ModelCheckpoint('w.ckpt')])\n": (
        "the path must end in .h5 or .hdf5 or .keras"
    ),
    "model.compile('sgd', 'mse')\nfits = [model.fit(x, y) for _ in range(2)]\n": "inside an expression that repeats",
    "nn = 3\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n": "the name nn, which the new lines import, stands for",
    "model.compile('sgd', 'mse')\nif ready: model.fit(x, y)\n": "it stands on one line with the statement around it",
    "model.compile('sgd', 'mse')\nif a:\n    pass\nelif model.fit(x, y):\n    pass\n": "that does not run it once",
    "model.compile('sgd', 'mse')\nwhile model.fit(x, y):\n    pass\n": "a statement that does not run it once",
    "model.compile('sgd', 'mse')\na = ready and model.fit(x, y)\n": "it does not always run",
    "model.compile('sgd', 'mse'); model.fit(x, y)\n": "several statements stand on its line",
    "model.compile('sgd', 'mse')\nmodel.fit(x, y, class_weight={1: 2.0})\n": "not a dict of all classes from 0 on",
    "model.compile('sgd', 'mse')\nmodel.trainable = False\nmodel.train_on_batch(x, y)\n": "trainable is False when it",
    "model.compile('sgd', 'mse')\nmodel = keras.models.load_model('m.keras')\n" + _FIT: "is another model than the one",
    "model.compile('sgd', 'mse')\nfit(model)\n": "nothing that trains it is seen in this file",
    "model.compile(keras.optimizers.SGD(decay=1e-3), 'mse')\n"
    "model.fit(x, y, callbacks=[keras.callbacks.ReduceLROnPlateau('loss')])\n": "both set the learning rate",
    "images = keras.preprocessing.image.ImageDataGenerator(rotation_range=9)\nmodel.compile('sgd', 'mse')\n"
    "model.fit(images.flow(x, y), epochs=2)\n": "write a Dataset with transforms of torchvision.transforms.v2",
}


@pytest.mark.parametrize("text", LEFT)
def test_left_whole_with_a_reason(text):
    ported = port(_MODEL + text)
    assert ported.unchanged == _MODEL + text
    reasons = ported.reasons()
    assert len(reasons) == text.count("model.fit(") + text.count("model.compile(") + text.count("train_on_batch(")
    assert all(LEFT[text] in reason for reason in reasons)
    assert [kind for _, kind, _, _ in ported.findings] == ["left"] * len(reasons)


def test_other_libraries_are_not_touched():
    text = (
        "import re\nimport keras\nfrom sklearn.svm import SVC\nkeras.utils.set_random_seed(0)\n"
        "pattern = re.compile('a')\nmachine = SVC()\nmachine.fit(x, y)\nmachine.predict(x)\n"
    )
    ported = port(text)
    assert (ported.unchanged, ported.findings) == (text, [])


def test_a_model_that_cannot_be_seen():
    text = "import keras\ndef show(net, x):\n    return net.predict(keras.ops.abs(x), batch_size=8)\n"
    ported = port(text)
    assert "net.predict(" in ported.text
    assert ported.findings[0][:3] == (3, "left", "predict")
    assert "it is not clear that net is a model of Keras" in ported.reasons()[0]


def test_own_train_step():
    text = (
        "import keras\nclass Net(keras.Model):\n    def train_step(self, data):\n        return {}\n"
        "net = Net()\nnet.compile('sgd', 'mse')\nnet.fit(x, y)\n"
    )
    ported = port(text)
    assert ported.unchanged == text
    assert ported.reasons() == ["Net defines train_step: write its lines in the loop by hand"] * 2


def test_a_call_that_is_left_keeps_the_others():
    text = _MODEL + "model.compile('sgd', 'mse')\nmodel.fit(x, y)\nmodel.fit(unknown)\n"
    ported = port(text)
    assert ported.unchanged == text
    assert [reason.startswith("it belongs to a call that is left: ") for reason in ported.reasons()] == [
        True,
        True,
        False,
    ]


def test_notes():
    ported = port(_MODEL + "model.compile(keras.optimizers.RMSprop(clipnorm=1.0), 'mse', metrics=['acc'])\n" + _FIT)
    assert ported.reasons() == []
    notes = ported.reasons("note")
    assert any("epsilon inside the root" in note for note in notes)
    assert any("clipnorm limits the norm of each gradient" in note for note in notes)


@pytest.mark.parametrize(
    ("read", "key"),
    [
        ("history['acc']", "acc"),
        ("history['val_accuracy'], 'acc'", "accuracy"),
        ("history['accuracy'], 'acc'", "accuracy"),
    ],
)
def test_the_key_of_accuracy_is_the_one_that_the_script_reads(read, key):
    fit = "history = model.fit(x, y, epochs=2)\nprint(history." + read + ")\n"
    ported = port(_MODEL + "model.compile('sgd', 'mse', metrics=['accuracy'])\n" + fit)
    assert f'history = {{"loss": [], "{key}": []}}' in ported.text


def test_objects_that_two_fits_share_are_no_longer_made():
    text = (
        "import keras\nfrom keras.callbacks import EarlyStopping\n"
        "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        "adam = keras.optimizers.Adam(1e-4)\nstop = EarlyStopping('loss')\nlist_of_callbacks = [stop]\n"
        "model.compile(adam, 'mse')\n"
        "model.fit(x, y, epochs=2, callbacks=list_of_callbacks)\n"
        "model.fit(x, y, epochs=3, callbacks=list_of_callbacks)\n"
    )
    ported = port(text)
    assert ported.reasons() == []
    assert "adam = torch.optim.Adam(model.parameters(), lr=1e-4, eps=1e-7)" in ported.text
    assert not any(word in ported.text for word in ("EarlyStopping", "list_of_callbacks", "keras.optimizers"))


def test_models_that_share_an_optimizer_get_one_each():
    text = (
        "import keras\nclass Both:\n    def __init__(self):\n"
        "        adam = keras.optimizers.Adam(1e-4)\n"
        "        self.first = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        "        self.second = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
        "        self.first.compile(adam, 'mse')\n        self.second.compile(adam, 'mae')\n"
        "    def train(self, x, y):\n        self.first.fit(x, y)\n        self.second.fit(x, y)\n"
    )
    ported = port(text)
    assert ported.reasons() == []
    for name in ("first", "second"):
        assert f"self.{name}_optimizer = torch.optim.Adam(self.{name}.parameters()" in ported.text
        assert f"self.{name}_optimizer.step()" in ported.text
    assert "adam" not in ported.text


_BATCHES = """\
def batches():
    while True:
        yield x, y


"""


def test_generators_of_keras_1_are_counted_in_samples():
    text = "model.compile('sgd', 'mse')\nmodel.fit_generator(batches(), 100, nb_epoch=2)\n"
    ported = port(_MODEL + _BATCHES + text)
    assert ported.reasons() == []
    assert "while seen < 100:" in ported.text
    assert "for epoch in range(2):" in ported.text
    ported = port(_MODEL + _BATCHES + text.replace("nb_epoch", "epochs"))
    assert "tqdm(range(100)" in ported.text
    assert "train_loss /= count" in ported.text


PLACES = {
    "h = model.fit(x, y, epochs=2).history": "h = history",
    "out[0] = model.predict(x)": "out[0] = predictions",
    "out[0] = model.predict(x[None])": "predictions = model(torch.as_tensor(x[None])).numpy()",
    "print(model.evaluate(x, y)[1])": "print(test_mae)",
    "first, *others = model.evaluate(x, y)": "first, *others = [test_loss, test_mae]",
    "d = dict(zip(model.metrics_names, model.evaluate(x, y)))": 'zip(["loss", "mae"], [test_loss, test_mae])',
    "r = model.evaluate(x, y, return_dict=True)": 'r = {"loss": test_loss, "mae": test_mae}',
    "for p in model.predict(x):\n    print(p)": "for p in predictions:",
    "if model.evaluate(x, y)[0] > 1:\n    print(1)": "if test_loss > 1:",
    "model.fit(x,  # what comes in\n          y)": "# what comes in\n",
    "model.fit(x, y, epochs=n, verbose=v)": "disable=v != 1)",
}


@pytest.mark.parametrize("text", PLACES)
def test_calls_in_expressions(text):
    ported = port(_MODEL + "model.compile('sgd', 'mse', metrics=['mae'])\n" + text + "\n")
    assert ported.reasons() == []
    assert PLACES[text] in ported.text
    compile(ported.text, "script", "exec")
