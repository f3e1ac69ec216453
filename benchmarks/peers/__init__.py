"""What lensmith is measured against. Each module is a whole program, and none imports lensmith to train."""
