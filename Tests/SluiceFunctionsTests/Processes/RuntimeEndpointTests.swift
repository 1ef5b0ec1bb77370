import NIOCore
import Sluice
import Synchronization
import Testing

@testable import SluiceFunctions

@Suite("Where a process and its host meet", .timeLimit(.minutes(4)))
struct RuntimeEndpointTests {
    private let endpoint = RuntimeEndpoint()
    private let killed = ProcessEnd(description: "signal: killed")

    private func invocation(_ id: String) -> RuntimeEndpoint.Invocation {
        RuntimeEndpoint.Invocation(id: id, event: ByteBuffer(string: "{}"), deadline: .wall)
    }

    /// The process asks for what is next; what it is given is kept.
    private func next() -> Given {
        let given = Given()
        endpoint.next { given.set($0) }
        return given
    }

    private func invoke(_ id: String, limit: Duration = .seconds(60)) -> Task<RuntimeEndpoint.Answer, Never> {
        let (endpoint, invocation) = (endpoint, invocation(id))
        return Task { await endpoint.invoke(invocation, limit: limit) }
    }

    @Test("an invocation that is given before the process asks waits for it")
    func early() async {
        let call = invoke("a")
        let given = next()
        await given.wait()
        #expect(given.id == "a")
        #expect(endpoint.response("a", Array("1".utf8)) == .accepted)
        #expect(await call.value == .response(Array("1".utf8)))
    }

    @Test("an answer to an invocation that is over, or that there never was, is not taken")
    func foreign() async {
        let given = next()
        let call = invoke("a")
        await given.wait()
        #expect(endpoint.response("b", []) == .unknownInvocation)
        #expect(endpoint.response("a", [1]) == .accepted)
        #expect(await call.value == .response([1]))
        #expect(endpoint.response("a", [2]) == .unknownInvocation)
        #expect(endpoint.error("a", ReportedError(message: "late", stackTrace: [])) == .unknownInvocation)
    }

    @Test("an invocation whose connection was gone when it was given goes to the next who asks, or who waits by then")
    func givenBack() async {
        let lost = next()
        let call = invoke("a")
        await lost.wait()
        let (other, second) = (Given(), Given())
        endpoint.giveBack(invocation("a"))
        endpoint.next { other.set($0) }
        await other.wait()
        #expect(other.id == "a")
        // Somebody waits already.
        endpoint.next { second.set($0) }
        endpoint.giveBack(invocation("a"))
        await second.wait()
        #expect(second.id == "a")
        #expect(endpoint.response("a", [1]) == .accepted)
        #expect(await call.value == .response([1]))
        endpoint.giveBack(invocation("a"))
        #expect(endpoint.current == nil, "what is answered is not given again")
    }

    @Test("a connection that is found to be gone does not take another one's wait with it")
    func givenUp() async {
        let (former, latter) = (Given(), Given())
        let number = endpoint.next { former.set($0) }
        endpoint.next { latter.set($0) }
        await former.wait()
        #expect(former.id == nil)
        endpoint.nextWasGivenUp(number)
        let call = invoke("a")
        await latter.wait()
        #expect(latter.id == "a")
        #expect(endpoint.response("a", []) == .accepted)
        #expect(await call.value == .response([]))
    }

    @Test("an answer that comes after the deadline is not taken")
    func late() async {
        let given = next()
        let call = invoke("a", limit: .milliseconds(1))
        #expect(await call.value == .timeUp)
        await given.wait()
        #expect(endpoint.response("a", []) == .unknownInvocation)
    }

    @Test("an invocation whose time is up before it is even under way ends all the same", arguments: 0..<50)
    func lateAtOnce(_: Int) async {
        #expect(await endpoint.invoke(invocation("a"), limit: .nanoseconds(1)) == .timeUp)
        #expect(endpoint.current == nil)
    }

    @Test("a process that ends tells whoever waits, and whether it had seen the invocation")
    func ends() async {
        let untouched = RuntimeEndpoint()
        let waiting = Task { await untouched.invoke(invocation("a"), limit: .seconds(60)) }
        while !untouched.hasInvocation { await Task.yield() }
        untouched.processEnded(killed)
        #expect(await waiting.value == .untouched(killed))

        let given = next()
        let call = invoke("b")
        await given.wait()
        endpoint.processEnded(killed)
        #expect(await call.value == .exited(killed))
        #expect(!endpoint.isAlive)
        let afterwards = next()
        await afterwards.wait()
        #expect(afterwards.id == nil)
        #expect(await endpoint.invoke(invocation("c"), limit: .seconds(60)) == .untouched(killed))
    }

    @Test("the start is over with the first request, with an error, or with the end of the process")
    func starts() async {
        _ = next()
        guard case .ready = await endpoint.waitUntilStarted(atMost: .seconds(60)) else {
            Issue.record("not ready")
            return
        }
        let failing = RuntimeEndpoint()
        #expect(
            failing.initError(ReportedError(message: "no module", type: "ImportError", stackTrace: [])) == .accepted)
        failing.processEnded(killed)
        guard case .failed(let error) = await failing.waitUntilStarted(atMost: .seconds(60)) else {
            Issue.record("what it reported was lost")
            return
        }
        #expect(error.reason == "ImportError: no module")
        guard case .tooLong = await RuntimeEndpoint().waitUntilStarted(atMost: .milliseconds(1)) else {
            Issue.record("it started")
            return
        }
    }
}

/// What a request for the next invocation came to.
private final class Given: Sendable {
    private let state = Mutex<(isSet: Bool, id: String?)>((false, nil))
    private let arrival = AsyncStream.makeStream(of: Void.self)

    func set(_ invocation: RuntimeEndpoint.Invocation?) {
        state.withLock { $0 = (true, invocation?.id) }
        arrival.continuation.finish()
    }

    var id: String? { state.withLock { $0.id } }
    func wait() async { for await _ in arrival.stream {} }
}

extension RuntimeEndpoint {
    /// Whether an invocation is under way, or waits to be taken.
    fileprivate var hasInvocation: Bool { current != nil }
}
