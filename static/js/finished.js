// Where no test runs any more: takes its pages off this device, and sends what still waits here.
import * as offline from "./offline.js";
import { page } from "./bus.js";
import * as connection from "./connection.js";
import * as saving from "./saving.js";

offline.purge();
if (page.session) {
  saving.begin();
  connection.begin();
}
