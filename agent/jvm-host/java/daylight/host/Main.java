// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import org.junit.runner.JUnitCore;
import org.junit.runner.Result;
import org.junit.runner.notification.Failure;

/** Starts Host where Android's classes are: Robolectric loads it again, by a loader that has them. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        Result result = JUnitCore.runClasses(Host.class);
        for (Failure failure : result.getFailures()) System.err.println(failure.getTrace());
        // Threads of the app do not keep the process.
        Runtime.getRuntime().halt(result.wasSuccessful() ? 0 : 1);
    }
}
