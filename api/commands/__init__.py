"""The commands of `splitfleet`, one module each, with a typer application named `app`."""
