"""The same two networks in a plain PyTorch training loop, written as well as an ordinary one is.

    LENSMITH_DATA=… python -m benchmarks.peers.torch_loop cifar-bn-dropout

What is ordinary and was found quickest on a CPU: images in memory as one tensor (no DataLoader, which costs more than
it gives for arrays this small), `channels_last` for images and network, oneDNN as PyTorch comes, no `torch.compile`
(slower here), no loss fetched from the graph within an epoch. RMSprop has the constants of Keras. With `--bfloat16`,
autocast: the best setting on a processor with AMX. Prints one line of JSON; `train_seconds` runs from before the data
is read to after the last step, importing PyTorch is not in it.
"""

import argparse
import json
import os
import time

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.peers.arrays import load_arrays

EVALUATION_BATCH = 1000


def mnist_3conv() -> nn.Sequential:
    """Write out the MNIST convnet of 93,322 parameters."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def cifar_bn_dropout() -> nn.Sequential:
    """Write out the CIFAR-10 network of 309,290 parameters; PyTorch counts 308,394, without running averages."""
    layers: list[nn.Module] = []
    channels = 3
    for filters in (32, 64, 128):
        for _ in range(2):
            # Keras' momentum of 0.99 and epsilon of 0.001.
            normalization = nn.BatchNorm2d(filters, momentum=0.01, eps=1e-3)
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), normalization]
            channels = filters
        layers += [nn.MaxPool2d(2), nn.Dropout(0.1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 10))


NETWORKS = {"mnist-3conv": ("mnist", mnist_3conv), "cifar-bn-dropout": ("cifar10", cifar_bn_dropout)}


def train(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int, batch_size: int, bfloat16: bool
) -> None:
    """Train in place.

    Args:
        model: To logits.
        images: `float32 (N, H, W, C)`, 0 to 1.
        labels: `int64 (N,)`.
        epochs: How many.
        batch_size: Images a step; the last batch of an epoch may be smaller.
        bfloat16: Whether convolutions and matrix products compute in it.
    """
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    model.train()
    for _ in range(epochs):
        for chosen in torch.randperm(len(images)).split(batch_size):
            # Rows of (N, H, W, C) seen as (N, C, H, W) are channels_last already.
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits = model(images[chosen].permute(0, 3, 1, 2))
            loss = F.cross_entropy(logits.float(), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the fraction of images `float32 (N, H, W, C)` whose label the model names."""
    model.eval()
    batches = zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True)
    right = sum(int((model(x.permute(0, 3, 1, 2)).argmax(1) == y).sum()) for x, y in batches)
    return right / len(images)


def main() -> None:
    """Train, evaluate on the test images, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--images", type=int, help="How many of the training images; all by default.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bfloat16", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(given.seed)
    data, make = NETWORKS[given.network]

    started = time.perf_counter()
    (x_train, y_train), (x_test, y_test) = load_arrays(data, given.images)
    model = make().to(memory_format=torch.channels_last)
    images = torch.from_numpy(x_train).float().div_(255)
    train(model, images, torch.from_numpy(y_train), given.epochs, given.batch_size, given.bfloat16)
    train_seconds = time.perf_counter() - started

    found = {
        "train_seconds": train_seconds,
        "images": len(x_train),
        "epochs": given.epochs,
        "accuracy": accuracy(model, torch.from_numpy(x_test).float().div_(255), torch.from_numpy(y_test)),
        "parameters": sum(its.numel() for its in model.parameters()),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
