"""An MLP that mixes patches, then channels (Tolstikhin and others: MLP-Mixer, NeurIPS 2021)."""

from torch import Tensor, nn


class PatchMixer(nn.Module):
    """Maps square images (batch, in_channels, image_size, image_size) to logits (batch, num_classes).

    Args:
        image_size: height and width of the images, a multiple of `patch_size`.
        num_classes: how many classes; the data says it when the config does not.
        in_channels: channels of the images; the data says it when the config does not.
        patch_size: height and width of a patch.
        width: channels of a patch once it is embedded.
        depth: how many blocks, each of which mixes patches and then channels.

    Raises:
        ValueError: the images cannot be cut into patches of that size.
    """

    def __init__(
        self,
        image_size: int,
        num_classes: int,
        in_channels: int = 1,
        patch_size: int = 2,
        width: int = 32,
        depth: int = 2,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ValueError(f"image_size {image_size} is no multiple of patch_size {patch_size}")
        num_patches = (image_size // patch_size) ** 2
        self.embed = nn.Conv2d(in_channels, width, patch_size, stride=patch_size)
        self.blocks = nn.Sequential(*(MixerBlock(num_patches, width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, input: Tensor) -> Tensor:
        """Return logits (batch, num_classes)."""
        patches = self.embed(input).flatten(2).transpose(1, 2)  # (batch, patches, width)
        logits: Tensor = self.head(self.norm(self.blocks(patches)).mean(dim=1))
        return logits


class MixerBlock(nn.Module):
    """Adds what patches say to each other, then what channels do; keeps (batch, patches, width)."""

    def __init__(self, num_patches: int, width: int) -> None:
        super().__init__()
        self.patch_norm = nn.LayerNorm(width)
        self.mix_patches = _two_layers(num_patches)
        self.channel_norm = nn.LayerNorm(width)
        self.mix_channels = _two_layers(width)

    def forward(self, patches: Tensor) -> Tensor:
        """Return the mixed patches."""
        patches = patches + self.mix_patches(self.patch_norm(patches).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = patches + self.mix_channels(self.channel_norm(patches))
        return mixed


def _two_layers(size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
