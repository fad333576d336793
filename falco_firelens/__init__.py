"""Falco on every node of EKS, ECS and Kubernetes clusters on AWS, and every event in one place."""
