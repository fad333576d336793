"""A stand-in for `pulumi-resource-eks`: the same cluster out of `aws` resources, with the local control plane's kubeconfig."""
