"""A stand-in for `pulumi-resource-aws`: checks against the SDK's types, acts through boto3 on the endpoint given."""
