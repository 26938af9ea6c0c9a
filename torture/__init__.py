"""Make faults on purpose: what a build, a training and a published file survive."""
