import ArgumentParser


import Yams
import NIOPosix
import ServiceLifecycle
