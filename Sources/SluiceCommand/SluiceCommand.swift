import SluiceApp

@main struct SluiceCommand: PipelineApp {}
