"""Train a network on small images of digits. `torchkeras-layer port` makes one script of the other."""

import copy

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Subset, TensorDataset
from tqdm import tqdm

import torchkeras_layer as keras


class Gate(keras.layers.Layer):
    """Features times gates between 0 and 1, which are learned from the features."""

    def build(self, input_shape):
        glorot = keras.initializers.GlorotUniform(seed=1)
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], input_shape[-1]), initializer=glorot)

    def call(self, features):
        # One gate for each feature.
        gates = torch.sigmoid(torch.tanh(features) @ self.kernel)
        return features * gates


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
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
loss_function = keras.losses.SparseCategoricalCrossentropy()
accuracy_metric = keras.metrics.SparseCategoricalAccuracy()
dataset = TensorDataset(torch.as_tensor(x_train), torch.as_tensor(y_train))
split = int(len(dataset) * (1 - 0.2))
train_loader = DataLoader(Subset(dataset, range(split)), batch_size=64)
val_loader = DataLoader(Subset(dataset, range(split, len(dataset))), batch_size=64)
history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
best_val_loss = float("inf")
wait = 0
for epoch in range(5):
    model.train()
    accuracy_metric.reset_state()
    train_loss = 0.0
    for inputs, targets in tqdm(train_loader, desc=f"epoch {epoch + 1}/5"):
        optimizer.zero_grad()
        outputs = model(inputs)
        batch_loss = loss_function(targets, outputs)
        batch_loss.backward()
        optimizer.step()
        train_loss += batch_loss.item() * len(targets)
        accuracy_metric.update_state(targets, outputs)
    train_loss /= len(train_loader.dataset)
    train_accuracy = accuracy_metric.result().item()

    model.eval()
    accuracy_metric.reset_state()
    val_loss = 0.0
    with torch.no_grad():
        for inputs, targets in val_loader:
            outputs = model(inputs)
            val_loss += loss_function(targets, outputs).item() * len(targets)
            accuracy_metric.update_state(targets, outputs)
    val_loss /= len(val_loader.dataset)
    val_accuracy = accuracy_metric.result().item()
    history["loss"].append(train_loss)
    history["accuracy"].append(train_accuracy)
    history["val_loss"].append(val_loss)
    history["val_accuracy"].append(val_accuracy)
    print(
        f"epoch {epoch + 1}: loss {train_loss:.4f}, accuracy {train_accuracy:.4f}, "
        f"val_loss {val_loss:.4f}, val_accuracy {val_accuracy:.4f}"
    )
    if val_loss < best_val_loss:
        best_val_loss = val_loss
        wait = 0
        best_weights = copy.deepcopy(model.state_dict())
    else:
        wait += 1
        if wait >= 2:
            break
model.load_state_dict(best_weights)
print("losses", history["loss"], history["val_loss"])

test_loader = DataLoader(TensorDataset(torch.as_tensor(x_test), torch.as_tensor(y_test)), batch_size=32)
model.eval()
accuracy_metric.reset_state()
loss = 0.0
with torch.no_grad():
    for inputs, targets in test_loader:
        outputs = model(inputs)
        loss += loss_function(targets, outputs).item() * len(targets)
        accuracy_metric.update_state(targets, outputs)
loss /= len(test_loader.dataset)
accuracy = accuracy_metric.result().item()
print(f"test: loss {loss:.4f}, accuracy {accuracy:.4f}")
model.eval()
with torch.no_grad():
    predicted = torch.cat([model(batch) for batch in torch.as_tensor(x_test).split(32)]).numpy()
predictions = predicted.argmax(axis=1)
print("first digits:", predictions[:10], "should be", y_test[:10])
