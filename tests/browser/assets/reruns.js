// Tells whether the page still waits for an answer of the server: `isSettled()`, and `await quiet()` before it.
//
// Streamlit's own `data-test-script-state` says "notRunning" after a rerun, and also between a click and the moment
// at which the server says that its rerun began. So the messages themselves are watched: a rerun that was asked for
// has begun with the next new session, and has ended with the script that finished, unless that one was cut short for
// another rerun. Numbers are those of streamlit.proto.ForwardMsg and BackMsg; test_settling.py compares them.
(() => {
  const RERUN = 11, NEW_SESSION = 4, FINISHED = 6, EARLY_FOR_RERUN = 2;
  const READY = '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]';
  // Elements of the run before, and elements whose code is still being loaded.
  const UNFINISHED = '[data-stale="true"], [data-testid="stSkeleton"]';
  let rerun = "asked"; // A page asks by itself once it is connected.

  /** The fields of one protobuf message, and their values where they are numbers. */
  const fields = bytes => {
    const found = new Map();
    let at = 0;
    const number = () => {
      let value = 0, byte, shift = 1;
      do {
        byte = bytes[at++];
        value += (byte & 127) * shift;
        shift *= 128;
      } while (byte > 127);
      return value;
    };
    while (at < bytes.length) {
      const tag = number(), kind = tag % 8;
      const value = number();
      found.set((tag - kind) / 8, value);
      if (kind === 2) at += value;
      else if (kind !== 0) throw Error(`a field of kind ${kind}`);
    }
    return found;
  };

  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        const message = fields(new Uint8Array(data));
        if (message.has(NEW_SESSION) && rerun === "asked") rerun = "running";
        if (message.has(FINISHED) && message.get(FINISHED) !== EARLY_FOR_RERUN && rerun === "running") rerun = "ended";
      });
    }
    send(data) {
      if (fields(new Uint8Array(data)).has(RERUN)) rerun = "asked";
      super.send(data);
    }
  };

  window.isSettled = () =>
    rerun === "ended" && Boolean(document.querySelector(READY)) && !document.querySelector(UNFINISHED);

  /** What the last event or message set off, a message to the server or a change of the page, is done by then. */
  window.quiet = async () => {
    const idle = () => new Promise(resolve => requestIdleCallback(resolve, { timeout: 5000 }));
    await idle();
    await new Promise(requestAnimationFrame);
    await idle();
  };
})();
