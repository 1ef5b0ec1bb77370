// Client of the Lambda Runtime API for handlers in JavaScript: node's own modules only. Run as
// `node nodejs_runtime.mjs MAJOR-VERSION`, with Lambda's own variables, in the folder of the code.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const base = "/2018-06-01/runtime";
const colon = process.env.AWS_LAMBDA_RUNTIME_API.lastIndexOf(":");
const [hostname, port] = [
  process.env.AWS_LAMBDA_RUNTIME_API.slice(0, colon), process.env.AWS_LAMBDA_RUNTIME_API.slice(colon + 1),
];
const agent = new http.Agent({ keepAlive: true, maxSockets: 1, noDelay: true });

// Status, headers and body of the answer. Without limit of time: `next` waits for work.
function request(method, target, body, errorType) {
  return new Promise((resolve, reject) => {
    const headers = body ? { "Content-Length": Buffer.byteLength(body) } : {};
    if (errorType) headers["Lambda-Runtime-Function-Error-Type"] = errorType.replace(/[^\x20-\x7e]/g, "?");
    const call = http.request({ agent, hostname, port, method, path: base + target, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

// The host has ended, or wants no more.
const leave = () => process.exit(0);

// An error as Lambda reports it.
function report(error, type) {
  if (!(error instanceof Error)) {
    const text = typeof error === "string" ? error : JSON.stringify(error) ?? String(error);
    return { errorMessage: text, errorType: type ?? typeof error, stackTrace: [] };
  }
  const lines = (error.stack ?? "").split("\n").filter((line) => !line.includes(import.meta.url));
  return { errorMessage: error.message, errorType: type ?? error.name, stackTrace: lines };
}

class StartError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
  }
}

// `orders.handler` is `handler` of orders.js, orders.mjs or orders.cjs; `jobs/orders.handler` of one in a folder.
async function load(name) {
  const slash = name.lastIndexOf("/") + 1;
  const [file, ...members] = name.slice(slash).split(".");
  const module = path.resolve(name.slice(0, slash), file);
  const found = [".js", ".mjs", ".cjs"].map((suffix) => module + suffix).find((candidate) => fs.existsSync(candidate));
  if (!found) {
    throw new StartError("Runtime.ImportModuleError", `there is no '${file}.js', '.mjs' or '.cjs' in ${path.dirname(module)}`);
  }
  let exported;
  try {
    exported = await import(pathToFileURL(found).href);
  } catch (error) {
    if (error instanceof SyntaxError) error.name = "Runtime.UserCodeSyntaxError";
    throw error;
  }
  // What a CommonJS module exports is the default export; its names are not always known.
  const member = (value) => members.reduce((inner, key) => inner?.[key], value);
  const handler = member(exported) ?? member(exported.default);
  if (typeof handler !== "function") {
    throw new StartError("Runtime.HandlerNotFound", `'${members.join(".")}' is no function of ${found}`);
  }
  return handler;
}

function contextOf(headers, callback) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: callback,
    succeed: (result) => callback(null, result),
    fail: (error) => callback(error ?? new Error("the handler called context.fail")),
  };
}

// The result of a handler: what its promise comes to, what it gives to the callback, or what it returns.
function call(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const callback = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error));
    const returned = handler(event, contextOf(headers, callback), callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
    else if (returned !== undefined || handler.length < 3) resolve(returned);
  });
}

let current;

async function answer(handler, headers, body) {
  let [target, errorType, content] = ["response", undefined, undefined];
  try {
    const result = await call(handler, JSON.parse(body.toString()), headers);
    try {
      content = JSON.stringify(result) ?? "null";
    } catch (error) {
      throw new StartError("Runtime.MarshalError", `the result cannot be written as JSON: ${error.message}`);
    }
  } catch (error) {
    const failure = report(error);
    [target, errorType, content] = ["error", failure.errorType, JSON.stringify(failure)];
  }
  await request("POST", `/invocation/${current}/${target}`, content, errorType);
}

// What nobody awaits or catches ends the process, and is the failure of the invocation under way.
function fatal(error, type) {
  const failure = report(error, type);
  process.stderr.write(`${failure.errorType}: ${failure.errorMessage}\n${failure.stackTrace.join("\n")}\n`);
  const done = () => process.exit(1);
  if (current === undefined) return done();
  // A connection of its own: the other may wait.
  const body = JSON.stringify(failure);
  const headers = { "Content-Length": Buffer.byteLength(body) };
  const target = `${base}/invocation/${current}/error`;
  const call = http.request({ hostname, port, method: "POST", path: target, headers }, done);
  call.on("error", done);
  call.end(body);
}

async function main() {
  process.on("uncaughtException", (error) => fatal(error));
  process.on("unhandledRejection", (error) => fatal(error, "Runtime.UnhandledPromiseRejection"));
  process.on("beforeExit", () => {
    const reason = "the handler has not answered, and nothing is left that it could wait for";
    if (current !== undefined) fatal(new StartError("Runtime.NodeJsExit", reason));
  });
  let handler;
  try {
    const [wanted, major] = [process.argv[2], process.versions.node.split(".")[0]];
    if (wanted !== major) {
      throw new StartError("Runtime.InvalidRuntime", `the runtime is nodejs${wanted}.x, and this is node ${process.versions.node}`);
    }
    handler = await load(process.env._HANDLER);
  } catch (error) {
    const failure = report(error);
    process.stderr.write(`${failure.errorMessage}\n${failure.stackTrace.join("\n")}\n`);
    await request("POST", "/init/error", JSON.stringify(failure), failure.errorType).catch(leave);
    process.exit(1);
  }
  for (;;) {
    const next = await request("GET", "/invocation/next").catch(leave);
    if (next.status !== 200) leave();
    current = next.headers["lambda-runtime-aws-request-id"];
    await answer(handler, next.headers, next.body).catch(leave);
    current = undefined;
  }
}

main();
