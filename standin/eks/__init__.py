"""A stand-in for `pulumi-resource-eks`: the same cluster out of `aws` resources, with a local kubeconfig."""
