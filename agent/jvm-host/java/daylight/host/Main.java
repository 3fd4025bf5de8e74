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
        for (Failure failure : result.getFailures()) {
            System.err.println(failure.getTrace());
            // What is read of it is its end.
            Throwable cause = failure.getException();
            while (cause.getCause() != null && cause.getCause() != cause) cause = cause.getCause();
            System.err.println(String.valueOf(cause.getMessage()).lines().findFirst().orElse(cause.getClass().getName()));
        }
        // Threads of the app do not keep the process.
        Runtime.getRuntime().halt(result.wasSuccessful() ? 0 : 1);
    }
}
