"""Where the shards of a stage are computed: here, in processes of this machine, on a Ray cluster, or by Slurm."""
