"""Who may reach the API of an EKS cluster, for moto and the local control plane `eks`: a stand-in for what AWS runs.

moto's EKS learns access entries, its STS takes presigned requests, and a webhook of the API server does what
aws-iam-authenticator does in front of an EKS cluster.
"""
