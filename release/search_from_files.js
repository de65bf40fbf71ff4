// A browser starts no worker for a page that was opened from a file, so the search runs in a hidden frame there.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => this.onmessage({ data });
      const program = frame.contentDocument.createElement("script");
      this.started = new Promise((resolve) => { program.onload = resolve; });
      program.src = new URL(address, location.href);
      frame.contentDocument.body.append(program);
    }

    async postMessage(data) {
      await this.started;
      this.inside.onmessage({ data });
    }
  };
}
