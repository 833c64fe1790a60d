"""Which lines of PyTorch stand for which lines of Keras's training, as the documents list them?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingRule:
    """A line of Keras, and the lines of PyTorch in its place, which stand among others; `when` has the conditions."""

    kind: str
    keras: str
    torch: str
    when: str = ""


_ADAM = "Keras adds epsilon before the correction of the bias: differs with gradients below 1e-5"
_OPTIMIZERS = (
    ("'sgd'", "torch.optim.SGD(model.parameters(), lr=0.01)", ""),
    (
        "SGD(0.1, momentum=0.9, nesterov=True)",
        "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)",
        "the rate does not change: Keras keeps steps, torch gradients",
    ),
    ("'adam'", "torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)", _ADAM),
    ("Adam(lr, beta_1=0.5)", "torch.optim.Adam(model.parameters(), lr=lr, betas=(0.5, 0.999), eps=1e-7)", _ADAM),
    (
        "Adam(weight_decay=0.1)",
        "torch.optim.AdamW(model.parameters(), lr=0.001, eps=1e-7, weight_decay=0.1)",
        "of others than Adam, AdamW and SGD without momentum, weight decay is left",
    ),
    (
        "RMSprop()",
        "torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)",
        "Keras 3 adds epsilon inside the root: differs while gradients are below 1e-2",
    ),
    (
        "Adagrad()",
        "torch.optim.Adagrad(model.parameters(), lr=0.001, initial_accumulator_value=0.1, eps=1e-7)",
        "",
    ),
    ("Adadelta()", "torch.optim.Adadelta(model.parameters(), lr=0.001, rho=0.95, eps=1e-7)", ""),
    ("Adamax()", "torch.optim.Adamax(model.parameters(), lr=0.001, eps=1e-7)", ""),
    ("Nadam()", "torch.optim.NAdam(model.parameters(), lr=0.001, eps=1e-7, momentum_decay=1.0)", ""),
)
_RATES = (
    (
        "SGD(lr=0.1, decay=1e-4)",
        "torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + 1e-4 * step))",
        "called after each step",
    ),
    (
        "SGD(ExponentialDecay(0.1, 100, 0.9))",
        "torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9 ** (1 / 100))",
        "with staircase=True, StepLR",
    ),
    (
        "SGD(PolynomialDecay(0.1, 100, 0))",
        "torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=100, power=1.0)",
        "with another end than 0, LambdaLR; with cycle=True it is left",
    ),
    (
        "SGD(CosineDecay(0.1, 100))",
        "LambdaLR(optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * min(step, 100) / 100)))",
        "with a warm-up it is left",
    ),
    (
        "SGD(CosineDecayRestarts(0.1, 100))",
        "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=100, T_mult=2)",
        "with m_mul it is left",
    ),
    ("SGD(clipnorm=1.0)", "nn.utils.clip_grad_norm_(parameter, 1.0)", "for each parameter"),
    ("SGD(global_clipnorm=1.0)", "nn.utils.clip_grad_norm_(model.parameters(), 1.0)", ""),
    ("SGD(clipvalue=0.5)", "nn.utils.clip_grad_value_(model.parameters(), 0.5)", ""),
)
_LOSSES = (
    ("'mse'", "nn.MSELoss()", "no weights of samples; targets take the shape of the outputs"),
    ("'mae'", "nn.L1Loss()", "no weights of samples; targets take the shape of the outputs"),
    ("'huber'", "nn.HuberLoss()", "no weights of samples; targets take the shape of the outputs"),
    (
        "BinaryCrossentropy(from_logits=True)",
        "nn.BCEWithLogitsLoss()",
        "no weights of samples; targets take the shape of the outputs",
    ),
    (
        "'binary_crossentropy'",
        "keras.losses.BinaryCrossentropy()",
        "torch's does not limit probabilities as Keras does",
    ),
    ("'categorical_crossentropy'", "keras.losses.CategoricalCrossentropy()", "torch's takes no probabilities"),
    ("SparseCategoricalCrossentropy(ignore_class=0)", "keras.losses.SparseCategoricalCrossentropy(ignore_class=0)", ""),
)
_CALLBACKS = (
    ("EarlyStopping('loss', patience=3)", "if wait >= 3:", "no baseline, no start_from_epoch"),
    (
        "EarlyStopping('loss', restore_best_weights=True)",
        "best_weights = copy.deepcopy(model.state_dict())",
        "",
    ),
    (
        "ReduceLROnPlateau('loss', patience=3)",
        "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2, threshold=1e-4, "
        'threshold_mode="abs")',
        "torch's patience is one less, and so is its cooldown; no schedule or decay of the optimizer beside it",
    ),
    ("ModelCheckpoint('{epoch}.keras')", 'model.save(f"{epoch + 1}.keras")', "after each epoch; .keras, .h5 or .hdf5"),
    ("ModelCheckpoint('w.h5', 'loss', save_best_only=True, save_weights_only=True)", 'model.save_weights("w.h5")', ""),
    ("CSVLogger('log.csv')", "csv.writer(log_file).writerow([epoch, train_loss])", "no append=True"),
    ("TensorBoard('logs')", 'writer.add_scalar("loss/train", train_loss, epoch)', "values only: no histograms"),
    ("LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))", 'group["lr"] = 0.1 / (epoch + 1)', ""),
    ("TerminateOnNaN()", "if not math.isfinite(loss.item()):", ""),
    ("LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))", "print(epoch)", "no functions of batches"),
)
_METHODS = (
    (
        "model.fit(x, y, batch_size=8)",
        "DataLoader(TensorDataset(torch.as_tensor(x), torch.as_tensor(y)), batch_size=8, shuffle=True)",
        "",
    ),
    ("model.fit(x, y, validation_split=0.2)", "split = int(len(dataset) * (1 - 0.2))", "the last part, as in Keras"),
    ("model.fit(x, y, class_weight={0: 1.0, 1: 3.0})", "weights = class_weights[targets.flatten().long()]", ""),
    ("model.fit(x, y, sample_weight=w)", "loss = loss_function(targets, outputs, sample_weight=weights)", ""),
    ("model.evaluate(x, y)", "with torch.no_grad():", ""),
    ("found = model.predict(x)", "torch.cat([model(batch) for batch in torch.as_tensor(x).split(32)]).numpy()", ""),
    ("model.train_on_batch(x, y)", "loss.backward()", "metrics are those of the batch, as in Keras 2"),
)
RULES = (
    *(TrainingRule("optimizer", *row) for row in (*_OPTIMIZERS, *_RATES)),
    *(TrainingRule("loss", *row) for row in _LOSSES),
    *(TrainingRule("callback", *row) for row in _CALLBACKS),
    *(TrainingRule("method", *row) for row in _METHODS),
)
"""All rules, in the order of the documents."""
