// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import java.lang.reflect.Array;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;

/** Writes values of calls into the trace: arrays, buffers, pictures and texts whole, other objects as text. */
final class Values {
    private Values() {}

    /** Whether a call may have changed it. */
    static boolean isMutable(Object value) {
        return value != null
                && (value.getClass().isArray() || value instanceof Buffer || value instanceof Bitmap || value instanceof Collection || value instanceof Map);
    }

    /** What fits into a register; else 0. */
    static long bits(Object value) {
        if (value instanceof Float f) return Float.floatToRawIntBits(f) & 0xffffffffL;
        if (value instanceof Double d) return Double.doubleToRawLongBits(d);
        if (value instanceof Number n) return n.longValue();
        if (value instanceof Boolean b) return b ? 1 : 0;
        if (value instanceof Character c) return c;
        return 0;
    }

    static void write(long call, int index, boolean out, Object value) {
        if (value == null) {
            if (!out) Natives.scalar(call, index, false, "null", "", 0);
        } else if (value instanceof Number || value instanceof Boolean || value instanceof Character) {
            Natives.scalar(call, index, out, value.getClass().getSimpleName(), dtypeOf(value.getClass()), bits(value));
        } else if (value instanceof CharSequence text) {
            text(call, index, out, "String", text.toString());
        } else if (value instanceof Bitmap picture) {
            bitmap(call, index, out, picture);
        } else if (value instanceof Buffer buffer) {
            buffer(call, index, out, buffer);
        } else if (value.getClass().isArray()) {
            array(call, index, out, value);
        } else {
            text(call, index, out, value.getClass().getName(), new ObjectText().of(value));
        }
    }

    private static void text(long call, int index, boolean out, String type, String text) {
        Natives.array(call, index, out, type, "utf8", null, text.getBytes(StandardCharsets.UTF_8), 1);
    }

    private static void bitmap(long call, int index, boolean out, Bitmap picture) {
        if (picture.isRecycled()) {
            Natives.note(Natives.WARNING, "capture", "a recycled Bitmap has no pixels");
            return;
        }
        ByteBuffer pixels = ByteBuffer.allocate(picture.getByteCount());
        picture.copyPixelsToBuffer(pixels);
        long channels = Math.max(1, picture.getByteCount() / Math.max(1, picture.getWidth() * picture.getHeight()));
        long[] shape = {picture.getHeight(), picture.getWidth(), channels};
        Natives.array(call, index, out, "Bitmap " + picture.getConfig(), "uint8", shape, pixels.array(), 1);
    }

    private static void buffer(long call, int index, boolean out, Buffer buffer) {
        int size = sizeOf(buffer);
        String type = buffer.getClass().getSimpleName() + " position " + buffer.position() + " limit " + buffer.limit();
        if (buffer.isDirect()) {
            Natives.direct(call, index, out, type, size == 1 ? "uint8" : "", buffer, (long) buffer.capacity() * size);
        } else if (buffer.hasArray()) {
            Object array = buffer.array();
            Natives.array(call, index, out, type, dtypeOf(array.getClass().getComponentType()), null, array, size);
        } else {
            Natives.note(Natives.WARNING, "capture", "a read-only buffer on Java's heap is not in the trace");
        }
    }

    private static int sizeOf(Buffer buffer) {
        if (buffer instanceof java.nio.LongBuffer || buffer instanceof java.nio.DoubleBuffer) return 8;
        if (buffer instanceof java.nio.IntBuffer || buffer instanceof java.nio.FloatBuffer) return 4;
        if (buffer instanceof java.nio.ShortBuffer || buffer instanceof java.nio.CharBuffer) return 2;
        return 1;
    }

    /** Arrays of arrays of numbers are one tensor where all have the same length. */
    private static void array(long call, int index, boolean out, Object array) {
        Tensor tensor = Tensor.of(array);
        if (tensor == null) {
            text(call, index, out, array.getClass().getSimpleName(), new ObjectText().of(array));
            return;
        }
        Natives.array(call, index, out, array.getClass().getSimpleName(), dtypeOf(tensor.element), tensor.shape, tensor.flat, tensor.elementSize);
    }

    static String dtypeOf(Class<?> type) {
        if (type == float.class || type == Float.class) return "float32";
        if (type == double.class || type == Double.class) return "float64";
        if (type == long.class || type == Long.class) return "int64";
        if (type == int.class || type == Integer.class) return "int32";
        if (type == short.class || type == Short.class) return "int16";
        if (type == char.class || type == Character.class) return "uint16";
        if (type == boolean.class || type == Boolean.class) return "bool";
        if (type == byte.class || type == Byte.class) return "int8";
        return "";
    }

    /** A rectangular array of numbers, flat. */
    private static final class Tensor {
        Class<?> element;
        long[] shape;
        Object flat;
        int elementSize;

        /** Null for what is none. */
        static Tensor of(Object array) {
            Class<?> element = array.getClass();
            int rank = 0;
            for (; element.isArray(); element = element.getComponentType()) ++rank;
            if (!element.isPrimitive()) return null;
            Tensor out = new Tensor();
            out.element = element;
            out.elementSize = element == byte.class || element == boolean.class ? 1 : element == short.class || element == char.class ? 2 : element == long.class || element == double.class ? 8 : 4;
            out.shape = new long[rank];
            Object at = array;
            long count = 1;
            for (int i = 0; i < rank; ++i) {
                out.shape[i] = at == null ? 0 : Array.getLength(at);
                count *= out.shape[i];
                at = i + 1 < rank && out.shape[i] > 0 ? Array.get(at, 0) : null;
            }
            if (rank == 1) {
                out.flat = array;
                return out;
            }
            if (count * out.elementSize > Integer.MAX_VALUE) return null;
            ByteBuffer bytes = ByteBuffer.allocate((int) count * out.elementSize).order(ByteOrder.LITTLE_ENDIAN);
            if (!fill(bytes, array, out.shape, 0)) return null;
            out.flat = bytes.array();
            // The agent counts elements of what it is given: bytes.
            out.elementSize = 1;
            return out;
        }

        /** False where a row has another length. */
        private static boolean fill(ByteBuffer to, Object array, long[] shape, int depth) {
            if (array == null || Array.getLength(array) != shape[depth]) return false;
            if (depth + 1 < shape.length) {
                for (Object row : (Object[]) array) {
                    if (!fill(to, row, shape, depth + 1)) return false;
                }
                return true;
            }
            if (array instanceof float[] values) {
                to.asFloatBuffer().put(values);
                to.position(to.position() + 4 * values.length);
            } else if (array instanceof byte[] values) {
                to.put(values);
            } else if (array instanceof int[] values) {
                to.asIntBuffer().put(values);
                to.position(to.position() + 4 * values.length);
            } else if (array instanceof long[] values) {
                to.asLongBuffer().put(values);
                to.position(to.position() + 8 * values.length);
            } else if (array instanceof double[] values) {
                to.asDoubleBuffer().put(values);
                to.position(to.position() + 8 * values.length);
            } else if (array instanceof short[] values) {
                to.asShortBuffer().put(values);
                to.position(to.position() + 2 * values.length);
            } else if (array instanceof char[] values) {
                to.asCharBuffer().put(values);
                to.position(to.position() + 2 * values.length);
            } else {
                for (boolean value : (boolean[]) array) to.put((byte) (value ? 1 : 0));
            }
            return true;
        }
    }
}
