// A test has ended while answers still waited on this device: they go to the server, which keeps them aside.

import * as connection from "./connection.js";
import * as line from "./line.js";
import * as saving from "./saving.js";

saving.begin();
connection.begin();
line.forget();
