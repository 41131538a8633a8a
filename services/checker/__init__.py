"""The one checker of what must hold after any fault: it shares no fold with the views it checks."""
