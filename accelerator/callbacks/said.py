"""What a callback says in the terminal besides what is logged."""


def say(text: str) -> None:
    """Print a text to stdout; a run goes on when nobody reads it any more (`| head`)."""
    try:
        print(text, flush=True)
    except OSError:
        return
