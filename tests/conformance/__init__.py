"""The parts of specs/linux against the kernel of this machine."""
