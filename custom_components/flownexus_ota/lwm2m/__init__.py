"""Words of the LwM2M protocol: paths, objects 3 and 5, what a server tells, how a request ends."""
