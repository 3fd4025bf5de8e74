// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import java.util.ArrayList;
import java.util.List;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * The pass over an app's classes. A native method "run" becomes "daylight$run", and a "run" in Java calls it between Calls.enter and
 * Calls.leave. Loading of libraries and parts of Android that are not here go to classes of ours.
 */
final class NativeWrapper extends ClassVisitor {
    private static final String HOST = "daylight/host/";

    private record NativeMethod(int access, String name, String signature) {}

    private final List<NativeMethod> natives = new ArrayList<>();
    private String owner;
    private boolean isInterface;

    NativeWrapper(ClassVisitor next) {
        super(Opcodes.ASM9, next);
    }

    int wrapped() {
        return natives.size();
    }

    @Override
    public void visit(int version, int access, String name, String signature, String superName, String[] interfaces) {
        owner = name;
        isInterface = (access & Opcodes.ACC_INTERFACE) != 0;
        super.visit(version, access, name, signature, superName, interfaces);
    }

    @Override
    public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] exceptions) {
        if ((access & Opcodes.ACC_NATIVE) == 0) return redirected(super.visitMethod(access, name, descriptor, signature, exceptions));
        natives.add(new NativeMethod(access, name, descriptor));
        int hidden = (access | Opcodes.ACC_SYNTHETIC) & ~Opcodes.ACC_SYNCHRONIZED;
        return super.visitMethod(hidden, Calls.PREFIX + name, descriptor, null, exceptions);
    }

    @Override
    public void visitEnd() {
        natives.forEach(this::wrap);
        super.visitEnd();
    }

    /** Parts that answer only on a phone with Google's services; an app brings their classes, but not what is behind them. */
    private static boolean isGoogles(String type) {
        return type.startsWith("com/google/mlkit/") || type.startsWith("com/google/android/gms/");
    }

    private MethodVisitor redirected(MethodVisitor next) {
        return new MethodVisitor(Opcodes.ASM9, next) {
            @Override
            public void visitMaxs(int stack, int locals) {
                super.visitMaxs(stack + 1, locals);  // for the name in tellAbsent
            }

            /** Their own calls among each other say nothing. */
            private void tellAbsent(String to, String name) {
                if (!isGoogles(to) || isGoogles(owner)) return;
                super.visitLdcInsn(to.replace('/', '.') + "." + name);
                super.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Substitutes", "absent", "(Ljava/lang/String;)V", false);
            }

            @Override
            public void visitMethodInsn(int opcode, String to, String name, String descriptor, boolean onInterface) {
                tellAbsent(to, name);
                boolean loads = name.equals("load") || name.equals("loadLibrary");
                if (loads && to.equals("java/lang/System") && descriptor.equals("(Ljava/lang/String;)V")) {
                    super.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Libraries", name, descriptor, false);
                } else if (loads && to.equals("java/lang/Runtime") && descriptor.equals("(Ljava/lang/String;)V")) {
                    super.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Libraries", name, "(Ljava/lang/Runtime;Ljava/lang/String;)V", false);
                } else if (to.equals("android/media/FaceDetector") && name.equals("findFaces")) {
                    super.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Substitutes", name, descriptor.replace("(", "(Landroid/media/FaceDetector;"), false);
                } else {
                    super.visitMethodInsn(opcode, to, name, descriptor, onInterface);
                }
            }
        };
    }

    private void wrap(NativeMethod method) {
        boolean isStatic = (method.access & Opcodes.ACC_STATIC) != 0;
        Type[] types = Type.getArgumentTypes(method.signature);
        Type result = Type.getReturnType(method.signature);
        int token = isStatic ? 0 : 1;
        for (Type type : types) token += type.getSize();
        MethodVisitor to = super.visitMethod(method.access & ~Opcodes.ACC_NATIVE, method.name, method.signature, null, null);
        Label begin = new Label();
        Label end = new Label();
        Label failed = new Label();
        to.visitCode();
        to.visitTryCatchBlock(begin, end, failed, "java/lang/Throwable");
        enter(to, method, isStatic, types);
        to.visitVarInsn(Opcodes.ASTORE, token);
        to.visitLabel(begin);
        callHidden(to, method, isStatic, types);
        to.visitLabel(end);
        leave(to, result, token);
        to.visitLabel(failed);
        to.visitFrame(Opcodes.F_FULL, locals(isStatic, types).length, locals(isStatic, types), 1, new Object[] {"java/lang/Throwable"});
        to.visitInsn(Opcodes.DUP);
        to.visitVarInsn(Opcodes.ALOAD, token);
        to.visitInsn(Opcodes.SWAP);
        to.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Calls", "threw", "(Ljava/lang/Object;Ljava/lang/Throwable;)V", false);
        to.visitInsn(Opcodes.ATHROW);
        to.visitMaxs(token + 10, token + 1);
        to.visitEnd();
    }

    /** What the verifier sees in the local variables once the token is there. */
    private Object[] locals(boolean isStatic, Type[] types) {
        List<Object> out = new ArrayList<>();
        if (!isStatic) out.add(owner);
        for (Type type : types) {
            out.add(switch (type.getSort()) {
                case Type.FLOAT -> Opcodes.FLOAT;
                case Type.DOUBLE -> Opcodes.DOUBLE;
                case Type.LONG -> Opcodes.LONG;
                case Type.ARRAY, Type.OBJECT -> type.getInternalName();
                default -> Opcodes.INTEGER;
            });
        }
        out.add("java/lang/Object");
        return out.toArray();
    }

    private void enter(MethodVisitor to, NativeMethod method, boolean isStatic, Type[] types) {
        to.visitLdcInsn(Type.getObjectType(owner));
        to.visitLdcInsn(method.name);
        to.visitLdcInsn(method.signature);
        if (isStatic) {
            to.visitInsn(Opcodes.ACONST_NULL);
        } else {
            to.visitVarInsn(Opcodes.ALOAD, 0);
        }
        to.visitIntInsn(Opcodes.SIPUSH, types.length);
        to.visitTypeInsn(Opcodes.ANEWARRAY, "java/lang/Object");
        int at = isStatic ? 0 : 1;
        for (int i = 0; i < types.length; ++i) {
            to.visitInsn(Opcodes.DUP);
            to.visitIntInsn(Opcodes.SIPUSH, i);
            to.visitVarInsn(types[i].getOpcode(Opcodes.ILOAD), at);
            box(to, types[i]);
            to.visitInsn(Opcodes.AASTORE);
            at += types[i].getSize();
        }
        to.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Calls", "enter", "(Ljava/lang/Class;Ljava/lang/String;Ljava/lang/String;Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;", false);
    }

    private void callHidden(MethodVisitor to, NativeMethod method, boolean isStatic, Type[] types) {
        int at = isStatic ? 0 : 1;
        if (!isStatic) to.visitVarInsn(Opcodes.ALOAD, 0);
        for (Type type : types) {
            to.visitVarInsn(type.getOpcode(Opcodes.ILOAD), at);
            at += type.getSize();
        }
        boolean isPrivate = (method.access & Opcodes.ACC_PRIVATE) != 0;
        int opcode = isStatic ? Opcodes.INVOKESTATIC : isPrivate ? Opcodes.INVOKESPECIAL : Opcodes.INVOKEVIRTUAL;
        to.visitMethodInsn(opcode, owner, Calls.PREFIX + method.name, method.signature, isInterface);
    }

    private static void leave(MethodVisitor to, Type result, int token) {
        if (result.getSort() == Type.VOID) {
            to.visitInsn(Opcodes.ACONST_NULL);
        } else {
            to.visitInsn(result.getSize() == 2 ? Opcodes.DUP2 : Opcodes.DUP);
            box(to, result);
        }
        to.visitVarInsn(Opcodes.ALOAD, token);
        to.visitInsn(Opcodes.SWAP);
        to.visitMethodInsn(Opcodes.INVOKESTATIC, HOST + "Calls", "leave", "(Ljava/lang/Object;Ljava/lang/Object;)V", false);
        to.visitInsn(result.getOpcode(Opcodes.IRETURN));
    }

    private static void box(MethodVisitor to, Type type) {
        String box = switch (type.getSort()) {
            case Type.BOOLEAN -> "Boolean";
            case Type.BYTE -> "Byte";
            case Type.CHAR -> "Character";
            case Type.SHORT -> "Short";
            case Type.INT -> "Integer";
            case Type.LONG -> "Long";
            case Type.FLOAT -> "Float";
            case Type.DOUBLE -> "Double";
            default -> null;
        };
        if (box == null) return;
        String name = "java/lang/" + box;
        to.visitMethodInsn(Opcodes.INVOKESTATIC, name, "valueOf", "(" + type.getDescriptor() + ")L" + name + ";", false);
    }
}
