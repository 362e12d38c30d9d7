# Import MLE wrapper processing cmd inputs and logging
from mle_toolbox import MLExperiment

def main(mle):
    """ Main Training Loop Function. """
    # Setup your experiment - e.g. build a network with `mle.net_config`
    for t in range(mle.train_config.num_steps):
        # Perform the one-step optimization update
        ...
        # Update & save the newest log
        if (t % mle.train_config.log_every_steps) == 0:
            time_tick = {"timestamp1": t+1}
            stats_tick = {"metric1": t*mle.train_config.learning_rate}
            mle.log.update_log(time_tick, stats_tick, save=True)
    return

if __name__ == "__main__":
    # Load in config for the experiment & run the simulation
    mle = MLExperiment()
    main(mle)
