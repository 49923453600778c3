"""What a larger domain costs: in switches and optics, in spare devices, in capacity that jobs cannot use."""
