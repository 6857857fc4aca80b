// Where no test runs: takes a test's pages off this device, and lets what still waits here be sent.

import { purge } from "./keeping.js";

purge();
if (document.body.dataset.queueKey) import("./leftover.js");
