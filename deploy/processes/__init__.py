"""What runs in each process: settings in, services out."""
